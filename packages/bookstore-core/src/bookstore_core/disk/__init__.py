"""Files and directories on this machine: regular files alone, modes whatever umask."""
