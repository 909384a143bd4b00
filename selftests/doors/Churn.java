// SPDX-License-Identifier: GPL-2.0-or-later

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** A function that has served its requests and waits for the next: its heap is full of garbage. */
public class Churn {
	public static void main(String[] args) throws Exception {
		Random random = new Random(1);
		long sum = 0;

		for (int request = 0; request < 6; request++) {
			List<String> rows = new ArrayList<>();

			for (int i = 0; i < 80000; i++)
				rows.add("row " + random.nextInt());
			Collections.sort(rows);
			sum += rows.get(rows.size() / 2).hashCode();
		}
		System.out.println("ready " + sum);
		System.out.flush();
		while (System.in.read() >= 0)
			;
	}
}
