import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

/**
 * What has been posted to the port and not received yet, in order: taken from it one by one, without a turn of the
 * loop.
 */
export function* drainPort<Message>(port: MessagePort): Generator<Message, void> {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    yield next.message as Message;
  }
}
