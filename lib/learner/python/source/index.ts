export { SourceFiles } from './files/source-files.js';
