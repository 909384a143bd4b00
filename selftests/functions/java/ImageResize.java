// SPDX-License-Identifier: GPL-2.0-or-later
import java.util.Random;

/** Draws an RGB picture and makes thumbnails of it, halving with a box filter, then sharpens the last. */
final class ImageResize implements Runner.Function {
	private static final int WIDTH = 1600, HEIGHT = 1200, SMALLEST = 100;

	private static byte[] draw(Random random) {
		byte[] pixels = new byte[WIDTH * HEIGHT * 3];
		int a = 1 + random.nextInt(7), b = 1 + random.nextInt(7), c = random.nextInt(256);

		for (int y = 0, at = 0; y < HEIGHT; y++) {
			for (int x = 0; x < WIDTH; x++) {
				pixels[at++] = (byte) (x * a + y);
				pixels[at++] = (byte) (x ^ y * b);
				pixels[at++] = (byte) (c + (x * y >> 6));
			}
		}
		return pixels;
	}

	private static byte[] half(byte[] from, int width, int height) {
		byte[] to = new byte[width / 2 * (height / 2) * 3];

		for (int y = 0, at = 0; y < height / 2; y++) {
			for (int x = 0; x < width / 2; x++) {
				for (int c = 0; c < 3; c++) {
					int p = (2 * y * width + 2 * x) * 3 + c;
					int sum = (from[p] & 255) + (from[p + 3] & 255)
							+ (from[p + width * 3] & 255)
							+ (from[p + width * 3 + 3] & 255);
					to[at++] = (byte) (sum / 4);
				}
			}
		}
		return to;
	}

	private static byte[] sharpen(byte[] from, int width, int height) {
		byte[] to = from.clone();
		int row = width * 3;

		for (int p = row + 3; p < (height - 1) * row - 3; p++) {
			int v = 5 * (from[p] & 255) - (from[p - 3] & 255) - (from[p + 3] & 255)
					- (from[p - row] & 255) - (from[p + row] & 255);
			to[p] = (byte) Math.max(0, Math.min(255, v));
		}
		return to;
	}

	@Override
	public String run(long seed) {
		byte[] pixels = draw(new Random(seed));
		int width = WIDTH, height = HEIGHT;

		for (; width / 2 >= SMALLEST; width /= 2, height /= 2)
			pixels = half(pixels, width, height);
		return "image " + width + "x" + height + " " + Runner.checksum(sharpen(pixels, width, height));
	}
}
