#!/usr/bin/env node
// A warm worker for orchd, with Node's own modules only. Copy it, and put your own work into doTask.
// The protocol: worker-protocol.md, installed beside this file, or in docs of the sources.
import { writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { createInterface } from "node:readline";

// Put slow start-up here: before "ready", and so before there is a task.

const channel = new Socket({ fd: Number(process.env.ORCH_WORKER_FD), readable: true, writable: true });

/** Returns the result as text; an exception is a failure. */
async function doTask(task) {
  await progress(50, "thinking");
  return task.prompt ?? task.command.join(" ");
}

const say = (message) => new Promise((done) => channel.write(JSON.stringify(message) + "\n", done));
const progress = (percent, text) => say({ type: "progress", percent, text });

/** The first task, whatever follows; undefined if there will be none. */
async function nextTask() {
  for await (const line of createInterface({ input: channel })) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      continue; // The rest of an incomplete message, which the daemon sends again.
    }
    if (message.type === "exit") return undefined;
    if (message.type === "task") return message;
  }
}

async function main() {
  await say({ type: "ready", version: "worker.mjs 1" });
  const task = await nextTask();
  if (!task) return;
  await say({ type: "accepted" });
  try {
    let output = await doTask(task);
    // A result that is too long for a message goes into the result file.
    if (output.length > 10_000) {
      await writeFile(process.env.ORCH_RESULT_FILE, output);
      output = undefined;
    }
    await say({ type: "result", status: "success", output });
  } catch (error) {
    console.error(error);
    await say({ type: "result", status: "failure", reason: String(error?.message ?? error).slice(0, 1000) });
  }
}

await main();
process.exit(0);
