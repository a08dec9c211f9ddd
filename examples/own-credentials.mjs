// Each node has its own user: user1 on the first, user2 on the second, and so on. Their passwords come from the
// environment as PASSWORD1, PASSWORD2 … Prints, for instance with three nodes:
//   nodes[0] is 127.0.0.1:9201 with username [redacted], password [redacted]
//   nodes[1] is 127.0.0.1:9202 with username [redacted], password [redacted]
//   nodes[2] is 127.0.0.1:9203 with username [redacted], password [redacted]
//   60 searches: 60 answered 200, from 3 nodes
import { createPool } from "rollcall";

const pool = createPool({
  nodes: process.argv.slice(2).map((url, at) => ({
    url,
    auth: { username: `user${at + 1}`, password: process.env[`PASSWORD${at + 1}`] ?? "changeme" },
  })),
  logger: false,
});

// The configuration is safe to print: its secrets are redacted.
for (const [at, { url, auth }] of pool.config().seeds.entries()) {
  const shown = Object.entries(auth).map(([name, value]) => `${name} ${value}`);
  console.log(`nodes[${at}] is ${new URL(url).host} with ${shown.join(", ")}`);
}

await pool.ready();
const search = { method: "POST", path: "/_search", body: { size: 1 } };
const answers = await Promise.all(Array.from({ length: 60 }, () => pool.request(search)));
const succeeded = answers.filter(({ status }) => status === 200);
const nodes = new Set(succeeded.map(({ node }) => node));
console.log(`${answers.length} searches: ${succeeded.length} answered 200, from ${nodes.size} nodes`);

await pool.close();
