/** The store of the runners, which save-model.ts makes; VTS_HOME points it at another. */
export const home = process.env['VTS_HOME'] ?? 'sample/08-remote-runners/models-home';
