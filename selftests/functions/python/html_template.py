# SPDX-License-Identifier: GPL-2.0-or-later
"""Renders a page of articles through nested templates with escaping."""

import html
import string

ARTICLES = 3000

PAGE = string.Template("<html><head><title>$title</title></head><body>$articles</body></html>")
ARTICLE = string.Template("<article id='a$id'><h2>$head</h2><p>$text</p><ul>$tags</ul></article>\n")
TAG = string.Template("<li class='tag'>$name</li>")
WORDS = ("host", "memory & time", "<quiet>", "steward", "garbage", '"floor"', "instance", "slot")


def run(rng):
	articles = []
	for number in range(ARTICLES):
		text = " ".join(rng.choices(WORDS, k=40))
		tags = "".join(TAG.substitute(name=html.escape(rng.choice(WORDS))) for _ in range(4))
		articles.append(ARTICLE.substitute(id=number, head=html.escape(text[:30]),
			text=html.escape(text), tags=tags))
	page = PAGE.substitute(title=f"{len(articles)} articles", articles="".join(articles))
	return f"template {len(page)}", page
