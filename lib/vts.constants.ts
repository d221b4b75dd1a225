/** Token of the module's options. @internal */
export const VTS_MODULE_OPTIONS = 'VTS:ModuleOptions';

/** Metadata of a class: the tags of the runners that it injects. @internal */
export const VTS_RUNNER_TAGS = 'vts:runner-tags';

/** Metadata of a handler: its endpoint. @internal */
export const VTS_ENDPOINT = 'vts:endpoint';

/** Context of the module's log lines. @internal */
export const VTS_LOG_CONTEXT = 'VtsServing';
