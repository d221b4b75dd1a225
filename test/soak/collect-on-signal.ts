// Loaded into a service before its program: SIGUSR2 collects its garbage, so that what is measured next is what it keeps,
// and not how long V8 waits with a collection on a machine with memory to spare.
const { gc } = globalThis;
if (gc === undefined) throw new Error('Start the service with --expose-gc.');
process.on('SIGUSR2', () => {
  gc();
  gc();
});
