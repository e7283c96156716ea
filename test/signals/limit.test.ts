import { expect, test } from "vitest";
import { createLimit } from "../../src/signals/limit.ts";

const forever = new AbortController().signal;

/** A task that ends when the test says so. */
function task() {
  const { promise, resolve } = Promise.withResolvers<string>();
  let begun = false;
  const run = (): Promise<string> => {
    begun = true;
    return promise;
  };
  return { run, end: resolve, begun: () => begun };
}

const settle = () => new Promise((resolve) => void setImmediate(resolve));

test("those that wait get their turn in the order in which they came", async () => {
  const limit = createLimit(1);
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((turn) => limit(async () => void order.push(turn), forever)));
  expect(order).toEqual([1, 2, 3]);
});

test("one that gives up waiting leaves its place to the next", async () => {
  const limit = createLimit(1);
  const [first, second, third] = [task(), task(), task()];
  const impatient = new AbortController();
  const done = limit(first.run, forever);
  const waited = limit(second.run, impatient.signal);
  const patient = limit(third.run, forever);
  impatient.abort(new Error("too long"));
  await expect(waited).rejects.toThrow("too long");
  first.end("done");
  await expect(done).resolves.toBe("done");
  await settle();
  expect([second.begun(), third.begun()]).toEqual([false, true]);
  third.end("third");
  await expect(patient).resolves.toBe("third");
});

test("a task that has begun is not ended from here, and one that failed makes room", async () => {
  const limit = createLimit(1);
  const first = task();
  const late = new AbortController();
  const running = limit(first.run, late.signal);
  late.abort(new Error("too late"));
  first.end("done");
  await expect(running).resolves.toBe("done");
  await expect(limit(() => Promise.reject(new Error("no")), forever)).rejects.toThrow("no");
  await expect(limit(async () => "room", forever)).resolves.toBe("room");
});

test("nothing begins for one that has given up before", async () => {
  const never = task();
  await expect(createLimit(1)(never.run, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  expect(never.begun()).toBe(false);
});

test("places that were given back are free for as many as before", async () => {
  const limit = createLimit(2);
  await Promise.all([1, 2, 3, 4].map(() => limit(async () => undefined, forever)));
  const tasks = [task(), task(), task()];
  const all = tasks.map(({ run }) => limit(run, forever));
  await settle();
  expect(tasks.map(({ begun }) => begun())).toEqual([true, true, false]);
  tasks.forEach(({ end }) => end("done"));
  await expect(Promise.all(all)).resolves.toEqual(["done", "done", "done"]);
});
