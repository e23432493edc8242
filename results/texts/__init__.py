"""Every text of page and terminal in English and in Chinese."""
