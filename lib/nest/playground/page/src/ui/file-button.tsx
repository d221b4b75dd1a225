import type { ComponentChildren } from 'preact';

interface Properties {
  /** Media types and endings, as of `<input accept>`. */
  readonly accept: string;
  readonly onFile: (file: File | undefined) => void;
  readonly children: ComponentChildren;
}

/** A button that opens a file dialog. */
export function FileButton({ accept, onFile, children }: Properties) {
  return (
    <label class="button">
      {children}
      <input
        class="hidden"
        type="file"
        accept={accept}
        onChange={(event) => {
          onFile(event.currentTarget.files?.[0]);
          // Choosing the same file again must count as a change.
          event.currentTarget.value = '';
        }}
      />
    </label>
  );
}
