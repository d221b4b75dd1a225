import { useEffect, useState } from 'preact/hooks';
import { CallError } from './calls/call.js';
import type { Models } from './contract.js';
import { keepCredentials, type Credentials } from './state/credentials.js';
import { loadModels } from './state/models.js';
import { CredentialsDialog } from './ui/credentials-dialog.js';
import { Header } from './ui/header.js';
import { Workbench } from './workbench.js';

/** The page: the models once they are known, or why they are not. */
export function App() {
  const [models, setModels] = useState<Models>();
  const [error, setError] = useState<CallError>();
  const [asking, setAsking] = useState(false);

  const load = () => {
    setError(undefined);
    loadModels().then(setModels, (reason: unknown) => {
      const failure = reason instanceof CallError ? reason : new CallError(String(reason), 0);
      setError(failure);
      if (failure.status === 401 || failure.status === 403) setAsking(true);
    });
  };
  useEffect(load, []);

  const enter = (credentials: Credentials | undefined) => {
    keepCredentials(credentials);
    setAsking(false);
    load();
  };
  return (
    <>
      <Header version={models?.version} onKey={() => setAsking(true)} />
      {models && <Workbench models={models.models} />}
      {error && (
        <main class="alone">
          <h1>The models cannot be listed</h1>
          <p role="alert">{error.message}</p>
          <p>
            <button type="button" class="primary" onClick={load}>
              Try again
            </button>
          </p>
        </main>
      )}
      {asking && <CredentialsDialog onEnter={enter} onClose={() => setAsking(false)} />}
    </>
  );
}
