let inside = false;

/** Records that this thread or process serves a runner, and is not the application. */
export function enterWorker(): void {
  inside = true;
}

export function insideWorker(): boolean {
  return inside;
}
