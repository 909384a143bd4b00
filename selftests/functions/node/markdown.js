// SPDX-License-Identifier: GPL-2.0-or-later
// Renders Markdown to HTML: headings, lists, code blocks, emphasis, links and paragraphs.
'use strict';

const BLOCKS = 2500;
const WORDS = ['steward', 'host', '*quiet*', 'memory', '`free()`', '**heap**', '[page](/p?a=1&b=2)', 'less < more'];

function source(random) {
	const blocks = [];
	const words = (n) => Array.from({length: n}, () => WORDS[random(WORDS.length)]).join(' ');

	for (let i = 0; i < BLOCKS; i++) {
		const kind = random(10);
		if (kind === 0)
			blocks.push('#'.repeat(1 + random(4)) + ' ' + words(4));
		else if (kind === 1)
			blocks.push('```\n' + words(20) + '\n```');
		else if (kind < 4)
			blocks.push(Array.from({length: 4}, () => '- ' + words(6)).join('\n'));
		else
			blocks.push(words(20 + random(30)));
	}
	return blocks.join('\n\n');
}

const plain = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

function spans(text) {
	return plain(text)
		.replace(/`([^`]+)`/g, '<code>$1</code>')
		.replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
		.replace(/\*([^*]+)\*/g, '<em>$1</em>')
		.replace(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>');
}

function block(text) {
	const heading = /^(#{1,6}) (.*)$/.exec(text);

	if (heading)
		return `<h${heading[1].length}>${spans(heading[2])}</h${heading[1].length}>`;
	if (text.startsWith('```'))
		return `<pre>${plain(text.slice(4, -4))}</pre>`;
	if (text.startsWith('- '))
		return `<ul>${text.split('\n').map((line) => `<li>${spans(line.slice(2))}</li>`).join('')}</ul>`;
	return `<p>${spans(text)}</p>`;
}

module.exports = (random, checksum) => {
	const html = source(random).split('\n\n').map(block).join('\n');

	return `markdown ${html.length} ${checksum(html)}`;
};
