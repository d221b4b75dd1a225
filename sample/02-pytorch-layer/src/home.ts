/** The store of this sample, which save-model.ts makes; VTS_HOME points it at another. */
export const home = process.env['VTS_HOME'] ?? 'sample/02-pytorch-layer/models-home';
