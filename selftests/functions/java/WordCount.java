// SPDX-License-Identifier: GPL-2.0-or-later
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Counts the words of a text with streams and lists the most frequent. */
final class WordCount implements Runner.Function {
	private static final int WORDS = 60000;
	private static final int LISTED = 50;
	private static final String[] SYLLABLES = {"ka", "lo", "Mi", "ne", "or", "Ta", "ul", "vi", "sen", "dra"};

	private static String text(Random random) {
		StringBuilder text = new StringBuilder();

		for (int i = 0; i < WORDS; i++) {
			/* squaring makes some words frequent, as in any language */
			int pick = (int) (Math.pow(random.nextDouble(), 2) * 4000);
			for (int rest = pick + 1; rest > 0; rest /= SYLLABLES.length)
				text.append(SYLLABLES[rest % SYLLABLES.length]);
			text.append(random.nextInt(12) == 0 ? ". " : " ");
		}
		return text.toString();
	}

	@Override
	public String run(long seed) {
		Map<String, Long> counts = Stream.of(text(new Random(seed)).split("[ .]+"))
				.map(word -> word.toLowerCase(Locale.ROOT))
				.collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
		String list = counts.entrySet().stream()
				.sorted(Map.Entry.<String, Long>comparingByValue().reversed()
						.thenComparing(Map.Entry.comparingByKey()))
				.limit(LISTED)
				.map(e -> e.getKey() + " " + e.getValue())
				.collect(Collectors.joining("\n"));

		return "words " + counts.size() + " "
				+ Runner.checksum(list.getBytes(StandardCharsets.UTF_8));
	}
}
