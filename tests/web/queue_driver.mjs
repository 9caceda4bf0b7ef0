// Lets a test drive the telephone's queue, the shipped one: a line of JSON in ([function, ...arguments]), one out.
import { createInterface } from "node:readline";
import * as queue from "../../backend/web/static/web/phone/queue.js";

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line);
  const result = name.startsWith("next") ? queue[name](given[0], new Set(given[1])) : queue[name](...given);
  process.stdout.write(`${JSON.stringify(result ?? null)}\n`);
}
