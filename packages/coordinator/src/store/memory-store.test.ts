import { ManualTimers } from "@rollcall/core/testing";
import { createMemoryStore } from "./memory-store.js";
import { describeViewStore } from "./view-store.contract.test.support.js";

describeViewStore("the memory store", async () => {
  const timers = new ManualTimers();
  const store = createMemoryStore(timers);
  return {
    stores: [store, store],
    arrive: async () => timers.advance(1),
    close: async () => {},
  };
});
