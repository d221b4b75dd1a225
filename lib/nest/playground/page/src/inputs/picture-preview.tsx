import { useEffect, useRef, useState } from 'preact/hooks';
import { withoutExif } from './without-exif.js';

/** The longer side of a preview in pixels. */
const SIZE = 960;

/** A picture as it is stored: neither fastai nor this page applies EXIF rotation. */
export function PicturePreview({ file }: { readonly file: File }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);
  const [drawn, setDrawn] = useState<File>();
  useEffect(() => {
    let gone = false;
    setFailed(false);
    smaller(file).then(
      (bitmap) => {
        const { current } = canvas;
        if (!gone && current) {
          current.width = bitmap.width;
          current.height = bitmap.height;
          current.getContext('2d')?.drawImage(bitmap, 0, 0);
          setDrawn(file);
        }
        bitmap.close();
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
    };
  }, [file]);
  return failed ? (
    <p class="invite">The browser cannot show this file, but the model may still read it.</p>
  ) : (
    <canvas
      ref={canvas}
      class="preview"
      role="img"
      aria-label={`Preview of ${file.name}`}
      aria-busy={drawn !== file}
    />
  );
}

/** Decoded and scaled by the browser's own threads, so that large photographs do not block it. */
async function smaller(given: File): Promise<ImageBitmap> {
  const file = await withoutExif(given);
  const { width, height } = await sizeOf(file);
  const scale = SIZE / Math.max(width, height);
  if (scale >= 1) return createImageBitmap(file);
  return createImageBitmap(file, {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeQuality: 'medium',
  });
}

/** Read from the header only; the pixels are not decoded. */
async function sizeOf(file: Blob): Promise<{ width: number; height: number }> {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    await new Promise((resolve, reject) => {
      image.addEventListener('load', resolve);
      image.addEventListener('error', reject);
      image.src = url;
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } finally {
    URL.revokeObjectURL(url);
  }
}
