"""What clipcore raises. Every message is one line: the value, what was expected, the next step."""


class ClipcoreError(Exception):
    """Base of every error that clipcore raises on purpose."""


class ArchitectureError(ClipcoreError):
    """An architecture name or configuration that clipcore cannot build."""


class CheckpointError(ClipcoreError):
    """A weights file that is missing, broken, unsafe, or does not fit its architecture."""


class TokenizerError(ClipcoreError):
    """A vocabulary that cannot be read or made, or does not fit the model."""


class BundleError(ClipcoreError):
    """An exported encoder that is missing, incomplete or altered."""


class DownloadError(ClipcoreError):
    """Weights that had to be downloaded and could not be."""


class ImageError(ClipcoreError):
    """A picture that cannot be turned into pixels."""


class RuntimeLimitError(ClipcoreError):
    """Something that an encoder's runtime cannot do."""


class TrainingError(ClipcoreError):
    """A training run that cannot start or go on."""


class PairsError(TrainingError):
    """Pictures with texts that cannot be read, or made into a data set."""


class PromptError(ClipcoreError):
    """Class names or templates that cannot be asked with."""


class EvaluationError(ClipcoreError):
    """A data set or an encoder that cannot be measured."""
