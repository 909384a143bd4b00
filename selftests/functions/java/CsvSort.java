// SPDX-License-Identifier: GPL-2.0-or-later
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** Parses a CSV export with quoted fields, sorts it by three columns and writes it out again. */
final class CsvSort implements Runner.Function {
	private static final int ROWS = 12000;
	private static final String[] CITIES = {"Leeds", "Porto", "Graz", "Turku", "Brno", "Gent", "Lyon"};

	private record Sale(String city, String customer, long cents, int day) {
	}

	private static String export(Random random) {
		StringBuilder text = new StringBuilder("city,customer,cents,day\n");

		for (int i = 0; i < ROWS; i++) {
			text.append(CITIES[random.nextInt(CITIES.length)]).append(",\"Customer \"\"")
					.append(random.nextInt(3000)).append("\"\", Ltd\",")
					.append(random.nextInt(1000000)).append(',')
					.append(random.nextInt(366)).append('\n');
		}
		return text.toString();
	}

	private static List<String> fields(String line) {
		List<String> fields = new ArrayList<>();
		StringBuilder field = new StringBuilder();
		boolean quoted = false;

		for (int i = 0; i < line.length(); i++) {
			char c = line.charAt(i);

			if (quoted && c == '"' && i + 1 < line.length() && line.charAt(i + 1) == '"') {
				field.append('"');
				i++;
			} else if (c == '"') {
				quoted = !quoted;
			} else if (c == ',' && !quoted) {
				fields.add(field.toString());
				field.setLength(0);
			} else {
				field.append(c);
			}
		}
		fields.add(field.toString());
		return fields;
	}

	@Override
	public String run(long seed) {
		List<Sale> sales = new ArrayList<>();
		StringBuilder out = new StringBuilder();

		export(new Random(seed)).lines().skip(1).forEach(line -> {
			List<String> f = fields(line);
			sales.add(new Sale(f.get(0), f.get(1), Long.parseLong(f.get(2)),
					Integer.parseInt(f.get(3))));
		});
		sales.sort(Comparator.comparing(Sale::city).thenComparing(Sale::day)
				.thenComparing(Comparator.comparingLong(Sale::cents).reversed())
				.thenComparing(Sale::customer));
		for (Sale s : sales)
			out.append(s.city()).append(';').append(s.customer()).append(';')
					.append(s.cents()).append(';').append(s.day()).append('\n');
		return "csv " + sales.size() + " "
				+ Runner.checksum(out.toString().getBytes(StandardCharsets.UTF_8));
	}
}
