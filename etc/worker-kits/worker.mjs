#!/usr/bin/env node
// A warm worker for orchd, of Node's own modules alone: copy it, and put your own work into doTask.
// The protocol: worker-protocol.md, which is installed beside this file, and in the source below docs.
import { writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { createInterface } from "node:readline";

// Start-up goes here: what takes long is done before "ready", and so before there is a task.

const channel = new Socket({ fd: Number(process.env.ORCH_WORKER_FD), readable: true, writable: true });

/** Returns the result as text; an exception is a failure. */
async function doTask(task) {
  await progress(50, "thinking");
  return task.prompt ?? task.command.join(" ");
}

const say = (message) => new Promise((done) => channel.write(JSON.stringify(message) + "\n", done));
const progress = (percent, text) => say({ type: "progress", percent, text });

/** The first task, whatever follows; undefined if there is to be none. */
async function nextTask() {
  for await (const line of createInterface({ input: channel })) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      continue; // The rest of a message that was cut off, and comes again.
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
    // Too much for a message goes into the result file.
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
