/**
 * A file of Python source: the path of a `.py` file or a notebook (`.ipynb`), or its name and
 * content.
 *
 * @publicApi
 */
export type CodeSource = string | { readonly name: string; readonly text: string };

/** One file or several. @publicApi */
export type CodeSources = CodeSource | readonly CodeSource[];
