/** The store of the models, which save-model.ts creates. VTS_HOME selects another one. */
export const home = process.env['VTS_HOME'] ?? 'sample/09-jobs/models-home';
