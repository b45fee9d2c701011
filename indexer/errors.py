"""What the indexer raises. Every message is one line: the value, what was expected, the next step."""


class IndexerError(Exception):
    """Base of every error that the indexer raises on purpose."""


class FolderError(IndexerError):
    """A folder that cannot be indexed: not there, not a folder, not readable."""


class DisappearedError(IndexerError):
    """So much of a folder is gone that it is more likely unplugged than deleted."""


class PhotoError(IndexerError):
    """A file that cannot be turned into a photo; the message is the reason that is kept beside its path."""


class VanishedError(PhotoError):
    """A file that was there when its folder was listed and is gone, or still being written, now."""


class DiskError(PhotoError):
    """A file that cannot be read because its disk failed, which says nothing of the file: the next pass tries again."""


class DecoderError(IndexerError):
    """The process that decodes cannot be started: an installation that is damaged, or a machine without memory."""


class CatalogError(IndexerError):
    """A catalog that cannot be opened or written."""


class StorageError(IndexerError):
    """Sightline's own files cannot be written: a full disk, a read-only folder."""


class TransferError(IndexerError):
    """An export that cannot be written or taken in: damaged, newer, or not one."""


class BusyError(IndexerError):
    """Another run is writing to the same library."""


class VectorsError(IndexerError):
    """The vector index cannot be reached or refuses."""


class SwitchError(IndexerError):
    """Another encoder cannot take over: not every photo can be read for it, or it is unknown, or still in use."""


class ClusterError(IndexerError):
    """A run over a cluster that cannot be made: Ray is not there, or gave up on a part."""
