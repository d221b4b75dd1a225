import { spawn } from 'node:child_process';

/** The program that opens a URL in the browser that people use, by platform. */
const PROGRAMS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/**
 * Opens a URL in the browser, without a shell.
 *
 * @param failed Called where no browser was opened.
 */
export function openBrowser(url: string, failed: (reason: string) => void): void {
  const [program, ...before] = PROGRAMS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...before, url], { stdio: 'ignore', detached: true });
  child.on('error', ({ message }) => failed(message));
  child.on('exit', (code) => {
    if (code !== 0) failed(`${program} ended with ${code ?? 'a signal'}`);
  });
  // The browser outlives the service.
  child.unref();
}
