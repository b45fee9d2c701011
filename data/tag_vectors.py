"""Makes what `app.likelihood` needs of the embedded encoder beforehand, so that the first photo is described at once.

    python data/tag_vectors.py          # again whenever the starter or the broad vocabulary has changed; 20 seconds

Vectors of the broad vocabulary in 8 bits with a scale for each tag, what each tag scores on any picture, and those
pictures' vectors. Other encoders make them at their first use.
"""

import sys
from pathlib import Path

import numpy as np

from app.likelihood import TEMPLATES, key_of
from app.vocabularies import DEFAULT_VOCABULARY, SHIPPED, read_file
from clipcore import load_encoder
from clipcore.agreement import check_set
from clipcore.zeroshot import class_vectors


def make(folder: Path = SHIPPED) -> Path:
    """Writes the file, and removes that of another encoder."""
    encoder = load_encoder("starter")
    tags = read_file(SHIPPED / f"{DEFAULT_VOCABULARY}.tsv.gz")
    vectors = class_vectors(encoder, [tag.text for tag in tags], TEMPLATES)
    pictures = encoder.encode_images(check_set()[0])
    scales = (np.abs(vectors).max(axis=1) / 127).astype(np.float32)
    codes = np.round(vectors / scales[:, None]).astype(np.int8)
    for old in folder.glob("vectors-*.npz"):
        old.unlink()
    path = folder / f"vectors-{encoder.fingerprint}.npz"
    np.savez(
        path,
        key=np.array(key_of(tags)),
        codes=codes,
        scales=scales,
        usual=(pictures @ vectors.T).mean(axis=0),
        pictures=pictures.astype(np.float16),
    )
    return path


if __name__ == "__main__":
    path = make()
    print(f"{path}: {path.stat().st_size:,} bytes", file=sys.stderr)
