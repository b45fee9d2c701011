"""An indexed folder named on the command line, by its path."""

import os

from app.services import Services
from indexer.catalog import Folder
from indexer.errors import FolderError
from indexer.folders import list_folders


def indexed_folder(services: Services, path: str) -> Folder:
    """The indexed folder at a path; it need not be there now.

    Raises:
        FolderError: none is indexed there.
    """
    wanted = os.path.abspath(os.path.expanduser(path))
    with services.library.catalog.reading() as session:
        known = {found.path: found for found in list_folders(session)}
    if wanted not in known:
        raise FolderError(f"{wanted} is not an indexed folder: expected one of {', '.join(known) or 'none'}")
    return known[wanted]
