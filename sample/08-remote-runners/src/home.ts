/** The store of the runners, which save-model.ts creates. VTS_HOME selects another one. */
export const home = process.env['VTS_HOME'] ?? 'sample/08-remote-runners/models-home';
