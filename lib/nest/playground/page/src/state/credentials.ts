/** The header that names the user to the server; kept for this tab, until it is closed. */
export interface Credentials {
  readonly header: 'authorization' | 'x-api-key';
  readonly value: string;
}

const KEY = 'vts-credentials';

export function readCredentials(): Credentials | undefined {
  try {
    const { header, value } = JSON.parse(sessionStorage.getItem(KEY) ?? '') as Credentials;
    const known = header === 'authorization' || header === 'x-api-key';
    return known && typeof value === 'string' && value !== '' ? { header, value } : undefined;
  } catch {
    return undefined;
  }
}

export function keepCredentials(credentials: Credentials | undefined): void {
  if (credentials) sessionStorage.setItem(KEY, JSON.stringify(credentials));
  else sessionStorage.removeItem(KEY);
}

export function authorization(): Record<string, string> {
  const credentials = readCredentials();
  return credentials ? { [credentials.header]: credentials.value } : {};
}
