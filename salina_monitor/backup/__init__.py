"""The store as one file, and back: for the day the disk dies, and for moving house."""

from salina_monitor.backup.archive import FORMAT, Archive, BackupError, Manifest, Table
from salina_monitor.backup.reading import APPLICATION, restore
from salina_monitor.backup.writing import backup

__all__ = ["APPLICATION", "FORMAT", "Archive", "BackupError", "Manifest", "Table", "backup", "restore"]
