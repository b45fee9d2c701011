"""Takes a folder out of the library. Its files are not touched."""

from sqlalchemy import delete, select, update

from indexer.catalog import Catalog, Content, Folder, Photo


def forget_folder(catalog: Catalog, folder: Folder) -> int:
    """Removes a folder and its photos from the catalog; gives back how many photos that were.

    Contents and vectors stay, so that the same pictures cost nothing when they come back.
    """
    of_folder = Photo.folder_id == folder.id
    with catalog.writing() as (session, revision):
        contents = select(Photo.content_id).where(of_folder)
        session.execute(update(Content).where(Content.id.in_(contents)).values(revision=revision))
        count = len(session.scalars(delete(Photo).where(of_folder).returning(Photo.id)).all())
        session.execute(delete(Folder).where(Folder.id == folder.id))
    return count
