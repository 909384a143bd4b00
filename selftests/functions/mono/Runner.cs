// SPDX-License-Identifier: GPL-2.0-or-later
// Serves one function on loopback: GET /?n=SEED runs it, GET /ready answers once it can.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

static class Runner
{
	const int Lines = 20000, HeaderMax = 8192;

	// Reads a ledger, sums it up per account and month with LINQ, and prints the balances.
	static string Ledger(int seed)
	{
		var random = new Random(seed);
		var text = new StringBuilder();

		for (int i = 0; i < Lines; i++)
			text.Append("account-").Append(random.Next(300)).Append(';').Append(random.Next(1, 13)).Append(';')
				.Append(random.Next(-50000, 50000)).Append('\n');
		var report = text.ToString().Split('\n').Where(line => line.Length > 0)
			.Select(line => line.Split(';'))
			.Select(f => new { Account = f[0], Month = int.Parse(f[1]), Cents = long.Parse(f[2]) })
			.GroupBy(entry => entry.Account)
			.OrderBy(group => group.Key, StringComparer.Ordinal)
			.Select(group => group.Key + ": " + string.Join(", ", group.GroupBy(e => e.Month).OrderBy(m => m.Key)
				.Select(m => (m.Sum(e => e.Cents) / 100m).ToString("F2", CultureInfo.InvariantCulture))));
		uint hash = 2166136261;
		int count = 0;

		foreach (string line in report) {
			count++;
			foreach (char c in line)
				hash = unchecked((hash ^ c) * 16777619);
		}
		return "ledger " + count + " " + hash.ToString("x8");
	}

	static void Answer(Stream stream, string status, string text)
	{
		byte[] bytes = Encoding.UTF8.GetBytes("HTTP/1.1 " + status + "\r\nContent-Length: " + (text.Length + 1) +
			"\r\nConnection: close\r\n\r\n" + text + "\n");

		stream.Write(bytes, 0, bytes.Length);
	}

	static void Serve(TcpClient client)
	{
		var stream = client.GetStream();
		var head = new StringBuilder();
		var buffer = new byte[1024];

		stream.ReadTimeout = 5000;
		while (head.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal) < 0 && head.Length < HeaderMax) {
			int n = stream.Read(buffer, 0, buffer.Length);
			if (n <= 0)
				return;
			head.Append(Encoding.ASCII.GetString(buffer, 0, n));
		}
		var query = Regex.Match(head.ToString(), @"^GET /\?n=(\d{1,9}) ");
		if (head.ToString().StartsWith("GET /ready ", StringComparison.Ordinal))
			Answer(stream, "200 OK", "ready");
		else if (query.Success)
			Answer(stream, "200 OK", Ledger(int.Parse(query.Groups[1].Value)));
		else
			Answer(stream, "400 Bad Request", "wanted: GET /?n=SEED");
	}

	static void Main()
	{
		int port = int.Parse(Environment.GetEnvironmentVariable("PORT") ?? "8080");
		var listener = new TcpListener(IPAddress.Loopback, port);

		listener.Start();
		for (;;) {
			using (var client = listener.AcceptTcpClient()) {
				try {
					Serve(client);
				} catch (IOException) {
					// the client went away: its loss
				}
			}
		}
	}
}
