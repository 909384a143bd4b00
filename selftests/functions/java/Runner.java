// SPDX-License-Identifier: GPL-2.0-or-later
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;

/** Serves one function on loopback: GET /?n=SEED runs it, GET /ready answers once it can. */
public final class Runner {
	/** One function: a seed in, a short text out, the same for the same seed. */
	interface Function {
		String run(long seed);
	}

	private static final Map<String, Function> FUNCTIONS = Map.of(
			"csv", new CsvSort(),
			"json", new JsonTransform(),
			"words", new WordCount(),
			"image", new ImageResize());

	private Runner() {
	}

	static String checksum(byte[] bytes) {
		CRC32 crc = new CRC32();

		crc.update(bytes);
		return String.format("%08x", crc.getValue());
	}

	private static void answer(HttpExchange exchange, int status, String text) throws IOException {
		byte[] body = (text + "\n").getBytes(StandardCharsets.UTF_8);

		exchange.getResponseHeaders().set("Connection", "close");
		exchange.sendResponseHeaders(status, body.length);
		exchange.getResponseBody().write(body);
		exchange.close();
	}

	private static void handle(HttpExchange exchange, Function function) throws IOException {
		String query = exchange.getRequestURI().getQuery();

		if (exchange.getRequestURI().getPath().equals("/ready")) {
			answer(exchange, 200, "ready");
		} else if (query == null || !query.matches("n=\\d{1,18}")) {
			answer(exchange, 400, "wanted: GET /?n=SEED");
		} else {
			answer(exchange, 200, function.run(Long.parseLong(query.substring(2))));
		}
	}

	public static void main(String[] args) throws IOException {
		Function function = FUNCTIONS.get(args.length == 1 ? args[0] : "");
		int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));

		if (function == null) {
			System.err.println("usage: Runner " + String.join("|", FUNCTIONS.keySet()));
			System.exit(2);
		}
		HttpServer server = HttpServer.create(
				new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 16);
		server.createContext("/", exchange -> handle(exchange, function));
		server.start();
	}
}
