import { Simulation } from "./simulation.js";
const s = new Simulation({ seed: Number(process.argv[2] ?? 1), nodes: 50, replicas: 20, coordinators: 3, requestsPerSecond: 2 });
const t=performance.now();
await s.run(20_000);
console.log("20s", performance.now()-t);
const node = s.cluster.nodes[7]; if (node) s.cluster.set(node, "crashed"); s.story.tell("n8","crashes");
await s.run(280_000);
console.log("wall", performance.now()-t);
console.log(s.story.print());
