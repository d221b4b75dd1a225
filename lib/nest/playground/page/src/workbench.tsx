import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { exampleCall, tableCall } from './calls/calls-of.js';
import type { ModelCard } from './contract.js';
import { firstInput, type Input } from './inputs/input.js';
import { hashOf, linkedInput, modelHash, readHash } from './state/link.js';
import { explain, newRun, perform, show, type Run } from './state/run.js';
import { About } from './ui/about.js';
import { Code } from './ui/code.js';
import { History } from './ui/history.js';
import { ModelList } from './ui/model-list.js';
import { filled, parametersOf, PathFields, type PathValues } from './inputs/path-fields.js';
import { InputPanel } from './inputs/input-panel.js';
import { ResultPanel } from './results/result-panel.js';

/** How many calls the history keeps. */
const LONGEST_HISTORY = 50;

/** A model's form and result, and the calls of the session. */
export function Workbench({ models }: { readonly models: readonly ModelCard[] }) {
  const linked = useMemo(() => readHash(location.hash), []);
  const start = models.find(({ name }) => name === linked?.model) ?? models[0];
  const [name, setName] = useState(start?.name);
  const [inputs, setInputs] = useState<Readonly<Record<string, Input>>>(() => {
    const input = start && linkedInput(start, linked?.input);
    return start && input ? { [start.name]: input } : {};
  });
  const [runs, setRuns] = useState<readonly Run[]>([]);
  const [shownRuns, setShownRuns] = useState<Readonly<Record<string, number>>>({});
  const [tables, setTables] = useState<ReadonlySet<string>>(new Set());
  const [paths, setPaths] = useState<PathValues>({});
  const stop = useRef<AbortController | undefined>(undefined);

  useEffect(() => {
    const follow = () => {
      const wanted = readHash(location.hash);
      const card = models.find((model) => model.name === wanted?.model);
      if (!card) return;
      setName(card.name);
      const input = linkedInput(card, wanted?.input);
      if (input) setInputs((all) => ({ ...all, [card.name]: input }));
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, [models]);

  const change = useCallback((id: number, changes: Partial<Run>) => {
    setRuns((all) => all.map((run) => (run.id === id ? { ...run, ...changes } : run)));
  }, []);

  const listed = models.find((model) => model.name === name);
  if (!listed) {
    return (
      <main class="alone">
        <h1>No models</h1>
        <p>This server has no models and no endpoints.</p>
      </main>
    );
  }
  const card = filled(listed, paths);
  const input = inputs[card.name] ?? firstInput(card);
  const run = runs.find(({ id }) => id === shownRuns[card.name]);
  const setInput = (next: Input) => setInputs((all) => ({ ...all, [card.name]: next }));

  const table = input.type === 'row' && tables.has(card.name);
  const setTable = (on: boolean) => {
    const next = new Set(tables);
    if (on) next.add(card.name);
    else next.delete(card.name);
    setTables(next);
  };
  const predict = (given: Input) => {
    stop.current?.abort();
    stop.current = new AbortController();
    const next = newRun(card, given);
    setRuns((all) => [next, ...all].slice(0, LONGEST_HISTORY));
    setShownRuns((all) => ({ ...all, [card.name]: next.id }));
    void perform(next, (changes) => change(next.id, changes), stop.current.signal);
  };
  const select = (next: string) => {
    setName(next);
    history.replaceState(null, '', modelHash(next));
  };
  const restore = (old: Run) => {
    select(old.card.name);
    setInputs((all) => ({ ...all, [old.card.name]: old.input }));
    setShownRuns((all) => ({ ...all, [old.card.name]: old.id }));
  };
  return (
    <div class={models.length > 1 ? 'bench several' : 'bench'}>
      {models.length > 1 && <ModelList models={models} selected={card.name} onSelect={select} />}
      <main>
        <About card={card} />
        <PathFields names={parametersOf(listed)} values={paths} onChange={setPaths} />
        <div class={table ? undefined : 'sides'}>
          <InputPanel
            key={card.name}
            card={card}
            input={input}
            busy={run !== undefined && ['sending', 'waiting', 'streaming'].includes(run.state)}
            table={table}
            hash={hashOf(card.name, input)}
            onChange={setInput}
            onRun={predict}
            onStop={() => stop.current?.abort()}
            onTable={setTable}
          />
          {!table && (
            <ResultPanel
              run={run}
              onShow={() => run && void show(run, (changes) => change(run.id, changes))}
              onExplain={(target) =>
                run && void explain(run, (changes) => change(run.id, changes), target)
              }
            />
          )}
        </div>
        <Code call={table ? tableCall(card) : exampleCall(card, input)} />
        <History runs={runs} onSelect={restore} />
      </main>
    </div>
  );
}
