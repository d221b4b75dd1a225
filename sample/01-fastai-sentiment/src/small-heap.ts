import { setFlagsFromString } from 'node:v8';

// V8 by default keeps garbage longer: this service then takes 100 MB more and answers no faster.
// Leave this out if you serve large tables or many requests at once. Import it first, because
// loading other modules makes the heap grow.
for (const flag of ['optimize-for-size', 'semi-space-growth-factor=1', 'max-semi-space-size=1']) {
  setFlagsFromString(`--${flag}`);
}
// V8 raises the factor to 2 whenever a worker thread starts, even later.
setInterval(() => setFlagsFromString('--semi-space-growth-factor=1'), 1000).unref();
