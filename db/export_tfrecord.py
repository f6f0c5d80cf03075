"""TFRecord files of tf.train.Example, written without TensorFlow.

The package `tfrecord` would do as well, but it puts its Example into protobuf's common pool, where
TensorFlow puts another: of the two, the one that is imported second fails.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Final

from db.export_examples import Example

__all__ = ["write_tfrecord"]

# Large enough to be read at full speed from any disk or bucket, small enough to be many.
_SHARD_BYTES: Final = 128 * 2**20
_MASK_DELTA: Final = 0xA282EAD8


def write_tfrecord(root: Path, pictures: Iterable[tuple[Example, bytes]]) -> None:
    """<side>-<number>-of-<count>.tfrecord; a side's memes come in the order of their hashes."""
    message = _example_class()
    for side, of_side in groupby(pictures, key=lambda picture: picture[0].split):
        records = (_serialized(message, example, data) for example, data in of_side)
        _write_shards(root, side, records)


def _write_shards(root: Path, side: str, records: Iterator[bytes]) -> None:
    shards: list[Path] = []
    record = next(records, None)
    while record is not None:
        shards.append(root / f"{side}-{len(shards):05d}")
        with shards[-1].open("wb") as file:
            while record is not None and file.tell() < _SHARD_BYTES:
                _write_record(file, record)
                record = next(records, None)
    for shard in shards:  # how many there are is known now
        shard.rename(f"{shard}-of-{len(shards):05d}.tfrecord")


def _write_record(file: BinaryIO, record: bytes) -> None:
    """The length, the record, and a checksum after each.

    Source: "TFRecords format details" in TensorFlow's guide to TFRecord.
    """
    length = struct.pack("<Q", len(record))
    for part in (length, record):
        file.write(part)
        file.write(struct.pack("<I", _masked_crc(part)))


def _masked_crc(data: bytes) -> int:
    import google_crc32c

    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def _serialized(message: Any, example: Example, data: bytes) -> bytes:
    record = message()
    feature = record.features.feature
    for name, text in {
        "image/encoded": data,
        "image/format": example.format.lower().encode(),
        "image/class/text": example.genre.encode(),
        "meme/sha256": example.sha256.encode(),
        "meme/family": example.family.encode(),
    }.items():
        feature[name].bytes_list.value.append(text)
    for name, number in {
        "image/class/label": example.label,
        "image/width": example.width,
        "image/height": example.height,
        "meme/by_people": int(example.by_people),
    }.items():
        feature[name].int64_list.value.append(number)
    feature["meme/weight"].float_list.value.append(example.weight)
    serialized: bytes = record.SerializeToString(deterministic=True)
    return serialized


def _example_class() -> Any:
    """tf.train.Example in a pool of its own, apart from the one that TensorFlow may bring.

    Source: tensorflow/core/example/example.proto and feature.proto.
    """
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message_factory import GetMessageClass

    file = FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")

    def add_field(to: Any, name: str, number: int, kind: int, **more: object) -> None:
        to.field.add(**{"name": name, "number": number, "type": kind, **more})

    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    kinds = {"bytes": Field.TYPE_BYTES, "float": Field.TYPE_FLOAT, "int64": Field.TYPE_INT64}
    for number, (name, kind) in enumerate(kinds.items(), 1):
        values = file.message_type.add(name=f"{name.capitalize()}List")
        add_field(values, "value", 1, kind, label=Field.LABEL_REPEATED)
        of = {"type_name": f".tensorflow.{values.name}", "oneof_index": 0}
        add_field(feature, f"{name}_list", number, Field.TYPE_MESSAGE, **of)
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry", options={"map_entry": True})
    add_field(entry, "key", 1, Field.TYPE_STRING)
    add_field(entry, "value", 2, Field.TYPE_MESSAGE, type_name=".tensorflow.Feature")
    of_map = {"type_name": ".tensorflow.Features.FeatureEntry", "label": Field.LABEL_REPEATED}
    add_field(features, "feature", 1, Field.TYPE_MESSAGE, **of_map)
    example = file.message_type.add(name="Example")
    add_field(example, "features", 1, Field.TYPE_MESSAGE, type_name=".tensorflow.Features")

    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))
