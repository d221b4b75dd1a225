import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Block } from './blocks.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = `${ROOT}test/readme`;

/** Where the names come from that a block does not import, as a reader would find them. */
const SOURCES = [
  'nestjs-vts',
  'nestjs-vts/runnable',
  'class-validator',
  'class-transformer',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/swagger',
  '@nestjs/throttler',
  '@nestjs/testing',
  'prom-client',
  'node:fs/promises',
  './context.js',
];

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.es2024.string.d.ts'],
  types: ['node'],
  strict: true,
  experimentalDecorators: true,
  skipLibCheck: true,
  esModuleInterop: true,
  noEmit: true,
};

const MODULE: ts.CreateSourceFileOptions = {
  languageVersion: ts.ScriptTarget.ES2023,
  impliedNodeFormat: ts.ModuleKind.ESNext,
};

/** What the compiler says of each block, by its line in the README. */
export function compileBlocks(blocks: readonly Block[]): string[] {
  const exported = exportsOf(SOURCES);
  const files = new Map(blocks.map((block) => [pathOf(block), withImports(block, exported)]));
  const documents = new Map(blocks.map((block) => [pathOf(block), block.document]));
  const program = ts.createProgram([...files.keys()], OPTIONS, hostWith(files));
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file && files.has(file.fileName))
    .map(({ file, start = 0, messageText }) => {
      // Imports stand on one line more.
      const { line } = file!.getLineAndCharacterOfPosition(start);
      const at = Number(/(\d+)\.ts$/.exec(file!.fileName)?.[1]) + line - 1;
      return `${documents.get(file!.fileName)}:${at}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
}

function pathOf({ document, line }: Block): string {
  return `${FOLDER}/${document.replace(/\W/g, '-').toLowerCase()}-${line}.ts`;
}

function hostWith(files: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  return {
    ...host,
    fileExists: (path) => files.has(path) || fileExists.call(host, path),
    readFile: (path) => files.get(path) ?? readFile.call(host, path),
    getSourceFile: (path, ...rest) => {
      const text = files.get(path);
      return text === undefined
        ? getSourceFile.call(host, path, ...rest)
        : ts.createSourceFile(path, text, MODULE, true);
    },
  };
}

/** The names that modules export, each with the first module that has it. */
function exportsOf(sources: readonly string[]): ReadonlyMap<string, string> {
  const path = `${FOLDER}/readme-sources.ts`;
  const text = sources.map((source, index) => `import * as m${index} from '${source}';`).join('\n');
  const program = ts.createProgram([path], OPTIONS, hostWith(new Map([[path, text]])));
  const checker = program.getTypeChecker();
  const found = new Map<string, string>();
  for (const statement of program.getSourceFile(path)?.statements ?? []) {
    if (!ts.isImportDeclaration(statement)) continue;
    const symbol = checker.getSymbolAtLocation(statement.moduleSpecifier);
    const source = (statement.moduleSpecifier as ts.StringLiteral).text;
    if (!symbol) throw new Error(`${source} is not installed.`);
    for (const { name } of checker.getExportsOfModule(symbol)) {
      if (!found.has(name)) found.set(name, source);
    }
  }
  return found;
}

/** The block, with imports of what it uses and does not declare on a line before it. */
function withImports({ code }: Block, exported: ReadonlyMap<string, string>): string {
  const file = ts.createSourceFile('block.ts', code, ts.ScriptTarget.ES2023, true);
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isDeclared =
        (ts.isClassDeclaration(parent) ||
          ts.isVariableDeclaration(parent) ||
          ts.isFunctionDeclaration(parent) ||
          ts.isInterfaceDeclaration(parent) ||
          ts.isImportSpecifier(parent) ||
          ts.isParameter(parent) ||
          ts.isBindingElement(parent)) &&
        parent.name === node;
      const isMember =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        ((ts.isPropertyAssignment(parent) ||
          ts.isMethodDeclaration(parent) ||
          ts.isPropertyDeclaration(parent) ||
          ts.isPropertySignature(parent)) &&
          parent.name === node);
      if (isDeclared) declared.add(node.text);
      else if (!isMember) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  const imports = [...used].flatMap((name) => {
    const source = declared.has(name) ? undefined : exported.get(name);
    return source === undefined ? [] : [`import { ${name} } from '${source}';`];
  });
  return `${[...imports, 'export {};'].join(' ')}\n${code}`;
}
