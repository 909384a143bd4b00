// SPDX-License-Identifier: GPL-2.0-or-later
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Builds a JSON order book, parses it, sums it up per product and prints the sums as JSON. */
final class JsonTransform implements Runner.Function {
	private static final int ORDERS = 2500;

	/** A small recursive-descent parser: objects, arrays, strings with escapes, numbers, literals. */
	private static final class Parser {
		private final String text;
		private int at;

		Parser(String text) {
			this.text = text;
		}

		Object value() {
			space();
			switch (text.charAt(at)) {
			case '{':
				return object();
			case '[':
				return array();
			case '"':
				return string();
			case 't':
				at += 4;
				return Boolean.TRUE;
			case 'f':
				at += 5;
				return Boolean.FALSE;
			case 'n':
				at += 4;
				return null;
			default:
				return number();
			}
		}

		private void space() {
			while (at < text.length() && text.charAt(at) <= ' ')
				at++;
		}

		private boolean more(char end) {
			space();
			return text.charAt(at++) != end;
		}

		private Map<String, Object> object() {
			Map<String, Object> object = new LinkedHashMap<>();

			at++;
			space();
			if (text.charAt(at) == '}') {
				at++;
				return object;
			}
			do {
				space();
				String key = string();
				space();
				at++;
				object.put(key, value());
			} while (more('}'));
			return object;
		}

		private List<Object> array() {
			List<Object> array = new ArrayList<>();

			at++;
			space();
			if (text.charAt(at) == ']') {
				at++;
				return array;
			}
			do {
				array.add(value());
			} while (more(']'));
			return array;
		}

		private String string() {
			StringBuilder out = new StringBuilder();

			for (at++; text.charAt(at) != '"'; at++) {
				if (text.charAt(at) == '\\')
					at++;
				out.append(text.charAt(at));
			}
			at++;
			return out.toString();
		}

		private Double number() {
			int begin = at;

			while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0)
				at++;
			return Double.valueOf(text.substring(begin, at));
		}
	}

	private static void write(StringBuilder out, Object value) {
		if (value instanceof Map<?, ?> map) {
			String comma = "{";
			for (Map.Entry<?, ?> e : map.entrySet()) {
				out.append(comma);
				write(out, e.getKey());
				out.append(':');
				write(out, e.getValue());
				comma = ",";
			}
			out.append(map.isEmpty() ? "{}" : "}");
		} else if (value instanceof List<?> list) {
			String comma = "[";
			for (Object item : list) {
				out.append(comma);
				write(out, item);
				comma = ",";
			}
			out.append(list.isEmpty() ? "[]" : "]");
		} else if (value instanceof String s) {
			out.append('"').append(s.replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
		} else {
			out.append(value);
		}
	}

	private static Map<String, Object> order(Random random, int id) {
		Map<String, Object> order = new LinkedHashMap<>();
		List<Object> items = new ArrayList<>();

		for (int i = random.nextInt(6); i >= 0; i--) {
			Map<String, Object> item = new LinkedHashMap<>();
			item.put("product", "product-" + random.nextInt(200));
			item.put("amount", 1 + random.nextInt(9));
			item.put("price", random.nextInt(100000) / 4.0);
			items.add(item);
		}
		order.put("id", id);
		order.put("customer", "the \"" + random.nextInt(500) + "\" customer");
		order.put("paid", random.nextBoolean());
		order.put("items", items);
		return order;
	}

	@Override
	public String run(long seed) {
		Random random = new Random(seed);
		List<Object> orders = new ArrayList<>();
		StringBuilder text = new StringBuilder(), out = new StringBuilder();
		Map<String, Object> sums = new TreeMap<>();

		for (int i = 0; i < ORDERS; i++)
			orders.add(order(random, i));
		write(text, orders);
		for (Object o : (List<?>) new Parser(text.toString()).value()) {
			for (Object i : (List<?>) ((Map<?, ?>) o).get("items")) {
				Map<?, ?> item = (Map<?, ?>) i;
				sums.merge((String) item.get("product"),
						(Double) item.get("amount") * (Double) item.get("price"),
						(a, b) -> (Double) a + (Double) b);
			}
		}
		write(out, sums);
		return "json " + sums.size() + " "
				+ Runner.checksum(out.toString().getBytes(StandardCharsets.UTF_8));
	}
}
