// Verification natively: runs verify.rs, and puts its figures beside `openssl speed`.
import { output, median, min, max, ms, ratio, table, whole } from "./lib.mjs";

const names = { rsa: "pure Rust (`rsa`)", "aws-lc": "server (aws-lc)" };

export function native(program) {
  const { clock, native, openssl, worst } = JSON.parse(output(program, []));
  const all = new Map();
  const add = (what, by, bits, figures) => all.set(`${what} ${by} ${bits}`, figures);
  for (const { what, by, bits, perSecond } of native) add(what, by, bits, perSecond);
  const sizes = [...new Set(native.map(({ bits }) => bits))];
  for (const bits of sizes) add("signature", "openssl", bits, openssl.filter((one) => one.bits === bits).map((one) => one.perSecond));

  const rows = sizes.flatMap((bits) => {
    const reference = all.get(`signature openssl ${bits}`);
    const row = (name, what, by) => {
      const figures = all.get(`${what} ${by} ${bits}`);
      const beside = reference.length > 0 ? ratio(median(figures) / median(reference)) : "–";
      return [`${bits}: ${name}`, whole(median(figures)), whole(max(figures)), ms(1_000_000 / median(figures)), beside];
    };
    return [
      ...(reference.length > 0 ? [row(`\`openssl speed rsa${bits}\`, verify`, "signature", "openssl")] : []),
      ...["aws-lc", "rsa"].flatMap((by) => [
        row(`signature, ${names[by]}`, "signature", by),
        row(`whole inspection, ${names[by]}`, "inspect", by),
      ]),
    ];
  });
  const faster = sizes.map((bits) => `${ratio(median(all.get(`signature aws-lc ${bits}`)) / median(all.get(`signature rsa ${bits}`)))} (${bits} bits)`);
  const clocks = clock === "processor"
    ? "Seconds are of processor time, as `openssl speed` counts them."
    : "This system does not tell a thread's processor time, so seconds are the wall clock's, and the ratios are of little worth on a busy machine.";
  const slowest = worst.map(({ by, name, ms: time }) => `${ms(time)} ms by ${names[by]}: \`${name}\``);
  return [
    table(["key, bits, and what", "per second, median", "best", "µs each", "of openssl's"], rows),
    `${clocks} The server's verifier does ${faster.join(", ")} times as many signatures as the pure-Rust one.`,
    `The one of ${worst[0].vectors} vectors that takes longest, best of nine tries: ${slowest.join("; ")}.`,
  ].join("\n\n");
}
