# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds shortest paths in a road network whose nodes and edges point at each other: garbage in cycles."""

import heapq

PLACES = 4000
ROADS = 12000


class Place:
	def __init__(self, number):
		self.number = number
		self.roads = []
		self.distance = None
		self.came_from = None


class Road:
	def __init__(self, a, b, length):
		self.ends = (a, b)
		self.length = length
		a.roads.append(self)
		b.roads.append(self)

	def other(self, place):
		return self.ends[1] if self.ends[0] is place else self.ends[0]


def network(rng):
	places = [Place(number) for number in range(PLACES)]
	for a, b in zip(places, places[1:]):
		Road(a, b, rng.randrange(50, 100))
	for _ in range(ROADS - PLACES):
		Road(rng.choice(places), rng.choice(places), rng.randrange(10, 500))
	return places


def search(start):
	start.distance = 0
	queue = [(0, start.number, start)]
	while queue:
		distance, _, place = heapq.heappop(queue)
		if distance > place.distance:
			continue
		for road in place.roads:
			there, length = road.other(place), distance + road.length
			if there.distance is None or length < there.distance:
				there.distance, there.came_from = length, place
				heapq.heappush(queue, (length, there.number, there))


def run(rng):
	places = network(rng)
	search(places[0])
	lines = []
	for place in places[::50]:
		hops, step = 0, place
		while step.came_from:
			hops, step = hops + 1, step.came_from
		lines.append(f"{place.number} {place.distance} {hops}")
	return f"graph {len(lines)}", "\n".join(lines)
