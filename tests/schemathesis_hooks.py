"""Real pictures for what the document calls bytes; random ones would all be refused alike."""

import base64

import schemathesis
from hypothesis import strategies as st
from PIL import Image

from tests.pictures import encode

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}


# So small that looking for words in them takes no time.
PICTURES = {kind: encode(Image.new("RGB", (16, 12)), name) for kind, name in FORMATS.items()}
some = st.sampled_from(sorted(PICTURES.values()))
for kind, data in PICTURES.items():
    schemathesis.openapi.media_type(kind, st.just(data))
schemathesis.openapi.media_type("application/octet-stream", some)
schemathesis.openapi.format("byte", some.map(base64.b64encode).map(bytes.decode))
