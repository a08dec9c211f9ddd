// node scripts/run-files.mjs FILE…: runs the tests of several files in one process, one after the other.
for (const file of process.argv.slice(2)) await import(file);
