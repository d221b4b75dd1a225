import type { ComponentChildren } from 'preact';
import type { Picture } from '../contract.js';

/** A PNG of the server as a URL. */
export function pngUrl({ png }: Picture): string {
  return `data:image/png;base64,${png}`;
}

interface Properties {
  readonly title: string;
  readonly picture: Picture;
}

/** A picture of the model, of its own number of pixels. */
export function PictureView({ title, picture }: Properties) {
  return (
    <section class="seen">
      <h3>{title}</h3>
      <Frame width={picture.width} height={picture.height} base={picture} name={title} />
      <p class="note">
        {picture.width} × {picture.height} pixels
      </p>
    </section>
  );
}

interface FrameProperties {
  readonly width: number;
  readonly height: number;
  readonly base: Picture | undefined;
  /** What the picture is. */
  readonly name?: string;
  readonly children?: ComponentChildren;
}

/** A picture with an overlay. */
export function Frame({
  width,
  height,
  base,
  name = 'What the model saw',
  children,
}: FrameProperties) {
  return (
    <div class="frame" style={{ aspectRatio: `${width} / ${height}` }}>
      {base && <img src={pngUrl(base)} alt={name} />}
      {children}
    </div>
  );
}
