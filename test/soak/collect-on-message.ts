// Loaded into a service before its program: a message collects its garbage, so that what is measured next is what it
// keeps, and not how long V8 waits with a collection on a machine with memory to spare. Not a signal: Nest ends an
// application on nearly all of those that are free.
const { gc } = globalThis;
if (gc === undefined) throw new Error('Start the service with --expose-gc.');
process.on('message', () => {
  gc();
  gc();
});
// It ends as it would by itself.
process.channel?.unref();
