import { spawnSync } from 'node:child_process';
import type { Block } from './blocks.js';

/** A command of a document. */
export interface Command {
  readonly text: string;
  /** Document and chapter. */
  readonly chapter: string;
  /** Document and line. */
  readonly place: string;
  /** What the document shows of its output; undefined where it shows none. */
  readonly output: string | undefined;
}

const SHELLS: ReadonlySet<string> = new Set(['bash', 'sh']);

/** The commands of blocks, in order. */
export function commandsOf(blocks: readonly Block[]): Command[] {
  return blocks.flatMap((block, index) => {
    if (block.language === 'console') return ofConsole(block);
    if (!SHELLS.has(block.language)) return [];
    const commands = ofScript(block);
    const next = blocks[index + 1];
    const last = commands.at(-1);
    // The block that follows at once shows what the last command prints.
    const follows = next?.language === '' && next.line - endOf(block) <= 4;
    return last && follows ? commands.with(-1, { ...last, output: next.code }) : commands;
  });
}

function endOf({ line, code }: Block): number {
  return line + code.split('\n').length - 1;
}

function ofScript(block: Block): Command[] {
  const commands: Command[] = [];
  let lines: string[] = [];
  block.code.split('\n').forEach((text, index) => {
    const last = commands.at(-1);
    if (lines.length === 0 && /^\s*(?:#|$)/.test(text)) {
      // A comment in the form of JSON is what the command before it prints.
      const output = /^# ([[{].*)$/.exec(text)?.[1];
      if (last && output !== undefined) commands[commands.length - 1] = { ...last, output };
      return;
    }
    lines.push(text);
    if (!isComplete(lines.join('\n'))) return;
    commands.push(commandAt(block, index + 1 - lines.length, lines.join('\n')));
    lines = [];
  });
  if (lines.length > 0) throw new Error(`${placeOf(block, 0)}: a command has no end.`);
  return commands;
}

/** Lines with `$` are commands; what follows is what they print. */
function ofConsole(block: Block): Command[] {
  const commands: { text: string; index: number; output: string[] }[] = [];
  block.code.split('\n').forEach((text, index) => {
    const last = commands.at(-1);
    if (text.startsWith('$ ')) commands.push({ text: text.slice(2), index, output: [] });
    else if (last && last.output.length === 0 && !isComplete(last.text)) last.text += `\n${text}`;
    else last?.output.push(text);
  });
  return commands.map(({ text, index, output }) => {
    return commandAt(block, index, text, output.length > 0 ? output.join('\n') : undefined);
  });
}

function commandAt(block: Block, index: number, text: string, output?: string): Command {
  const chapter = `${block.document}: ${block.heading}`;
  return { text, chapter, place: placeOf(block, index), output };
}

function placeOf({ document, line }: Block, index: number): string {
  return `${document}:${line + index}`;
}

function isComplete(text: string): boolean {
  return !text.endsWith('\\') && spawnSync('bash', ['-nc', text]).status === 0;
}
