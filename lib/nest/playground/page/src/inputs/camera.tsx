import { useEffect, useRef, useState } from 'preact/hooks';

interface Properties {
  readonly onTake: (file: File) => void;
  readonly onClose: () => void;
}

/** The camera's picture, until one is taken. */
export function Camera({ onTake, onClose }: Properties) {
  const video = useRef<HTMLVideoElement>(null);
  const [error, setError] = useState<string>();
  const [ready, setReady] = useState(false);
  useEffect(() => {
    let stream: MediaStream | undefined;
    let gone = false;
    const stop = () => stream?.getTracks().forEach((track) => track.stop());
    navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }).then(
      (opened) => {
        stream = opened;
        if (gone) stop();
        else if (video.current) video.current.srcObject = opened;
      },
      (reason: Error) => setError(`The camera cannot be used: ${reason.message}`),
    );
    return () => {
      gone = true;
      stop();
    };
  }, []);

  const take = () => {
    const { current } = video;
    if (!current) return;
    const canvas = document.createElement('canvas');
    canvas.width = current.videoWidth;
    canvas.height = current.videoHeight;
    canvas.getContext('2d')?.drawImage(current, 0, 0);
    // Lossless, because the model must see the picture that is shown.
    canvas.toBlob((blob) => blob && onTake(new File([blob], 'camera.png', { type: blob.type })));
  };
  return (
    <div class="camera">
      {error === undefined ? (
        <video ref={video} autoplay playsInline muted onLoadedData={() => setReady(true)} />
      ) : (
        <p role="alert">{error}</p>
      )}
      <p class="actions">
        <button type="button" class="primary" disabled={!ready} onClick={take}>
          Take the picture
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </p>
    </div>
  );
}
