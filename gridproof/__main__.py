"""python -m gridproof"""

from gridproof.sweeps.cli.app import main

if __name__ == "__main__":
    main()
