/** The store of the models, which save-model.ts makes; VTS_HOME points the sample at another. */
export const home = process.env['VTS_HOME'] ?? 'sample/09-jobs/models-home';
